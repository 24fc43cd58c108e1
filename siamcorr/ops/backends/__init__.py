"""One module per backend, each with `reasons` and the three bilinear maps of `primitive`."""
