"""Export of results: files, pictures and videos."""
