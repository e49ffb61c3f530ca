"""How far apart two colours look by CIEDE2000 (Sharma, Wu and Dalal 2005), to whatever sight."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cascal.charts.figures import rgb_of
from cascal.datatypes import FloatArray

SIGHT = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
"""What each kind of sight makes of linear red, green and blue (Machado et al. 2009)."""
_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])


def lab_of(colours: Sequence[str], sight: str = "normal") -> FloatArray:
    """(C, 3) CIELAB of colours written as #rrggbb, as a kind of sight sees them."""
    rgb = rgb_of(colours) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.asarray(SIGHT[sight]).T, 0, 1) @ _XYZ.T / _WHITE
    f = np.where(seen > 216 / 24389, np.cbrt(seen), (24389 / 27 * seen + 16) / 116)
    return np.column_stack(
        [116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])]
    )


def distances(one: FloatArray, other: FloatArray) -> FloatArray:
    """(A, B) CIEDE2000 between CIELAB colours (A, 3) and (B, 3)."""
    (light, a, b), (light2, a2, b2) = one.T[:, :, None], other.T[:, None, :]
    mean = (np.hypot(a, b) + np.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * np.sqrt(mean**7 / (mean**7 + 25.0**7))
    chroma, chroma2 = np.hypot(stretch * a, b), np.hypot(stretch * a2, b2)
    hue = np.degrees(np.arctan2(b, stretch * a)) % 360
    hue2 = np.degrees(np.arctan2(b2, stretch * a2)) % 360
    turn = (hue2 - hue + 180) % 360 - 180
    middle = np.radians((hue + turn / 2) % 360)
    by_hue = 2 * np.sqrt(chroma * chroma2) * np.sin(np.radians(turn / 2))
    level, strength = (light + light2) / 2 - 50, (chroma + chroma2) / 2
    waves = (
        1
        - 0.17 * np.cos(middle - np.radians(30))
        + 0.24 * np.cos(2 * middle)
        + 0.32 * np.cos(3 * middle + np.radians(6))
        - 0.20 * np.cos(4 * middle - np.radians(63))
    )
    l_part = (light2 - light) / (1 + 0.015 * level**2 / np.sqrt(20 + level**2))
    c_part = (chroma2 - chroma) / (1 + 0.045 * strength)
    h_part = by_hue / (1 + 0.015 * strength * waves)
    blue = 60 * np.exp(-(((np.degrees(middle) - 275) / 25) ** 2))
    rotation = -2 * np.sqrt(strength**7 / (strength**7 + 25.0**7)) * np.sin(np.radians(blue))
    return np.sqrt(l_part**2 + c_part**2 + h_part**2 + rotation * c_part * h_part)
