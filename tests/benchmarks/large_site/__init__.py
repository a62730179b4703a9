"""A filled installation of any size, and what its pages, commands and searches take. See `tests.benchmarks.scale`."""
