"""How arrays are computed: in chunks, with bounded threads, once."""
