"""The config of a run: YAML plus key=value, checked before anything else happens."""
