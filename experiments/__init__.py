"""How the experiments behind the project were made; not part of the package."""
