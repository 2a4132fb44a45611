"""Export: data files and a Python script that repeats a run."""
