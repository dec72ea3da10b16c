"""`python -m viflux` is the same as the `viflux` command."""

from viflux.command import main

if __name__ == "__main__":
    main()
