"""Export of a run: data files, the model, a script, pictures and videos."""
