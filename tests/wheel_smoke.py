"""The wheel in its own environment, outside the repository: demo, route, report, dashboard.

python tests/wheel_smoke.py dist
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from pathlib import Path

SECONDS = 90


def run(*command: str, cwd: Path, env: dict[str, str]) -> str:
    """Run a command to its end; its output, or an error with it."""
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serves(cascal: Path, folder: Path, env: dict[str, str]) -> None:
    """`cascal dashboard` answers on loopback, then is ended by its own process id."""
    port = free_port()
    command = [str(cascal), "dashboard", "-w", "demo.duckdb", "--port", str(port)]
    with subprocess.Popen(command, cwd=folder, env=env, start_new_session=True) as server:
        try:
            deadline = time.monotonic() + SECONDS
            while time.monotonic() < deadline and server.poll() is None:
                with contextlib.suppress(OSError):
                    health = f"http://127.0.0.1:{port}/_stcore/health"
                    if urllib.request.urlopen(health, timeout=2).read() == b"ok":
                        return
                time.sleep(0.2)
            sys.exit(f"The dashboard of the wheel did not answer within {SECONDS} s.")
        finally:
            os.killpg(server.pid, 15)
            server.wait(timeout=30)


def main(dist: Path) -> None:
    """Install the newest wheel without dependencies beside the ones of this environment."""
    wheel = max(dist.glob("cascal-*.whl"), key=lambda one: one.stat().st_mtime)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "env", with_pip=False)
        python = folder / "env" / "bin" / "python"
        own = run(
            str(python),
            "-c",
            "import site; print(site.getsitepackages()[0])",
            cwd=folder,
            env={**os.environ},
        ).strip()
        run(
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            own,
            str(wheel.resolve()),
            cwd=folder,
            env={**os.environ},
        )
        borrowed = next(path for path in sys.path if path.endswith("site-packages"))
        (Path(own) / "zz_borrowed.pth").write_text(borrowed + "\n")
        env = {**os.environ, "PYTHONPATH": ""}
        where = run(str(python), "-c", "import cascal; print(cascal.__file__)", cwd=folder, env=env)
        if own not in where:
            sys.exit(f"The smoke test imported {where.strip()}, not the wheel.")
        call = [str(python), "-m", "cascal.cli"]
        run(*call, "demo", "--no-open", "-w", "demo.duckdb", cwd=folder, env=env)
        run(*call, "fit", "demo", "-w", "demo.duckdb", "--out", "r.cascal", cwd=folder, env=env)
        run(
            str(python),
            "-c",
            "from cascal.report.pages import template; template('report.html')",
            cwd=folder,
            env=env,
        )
        launcher = folder / "cascal"
        launcher.write_text(f'#!/bin/sh\nexec "{python}" -m cascal.cli "$@"\n')
        launcher.chmod(0o755)
        serves(launcher, folder, env)
    sys.stdout.write(
        f"{wheel.name}: import, demo, fit, template and dashboard work outside the repository\n"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
