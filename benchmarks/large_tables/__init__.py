"""Large tables: speed and memory of reading and uploading."""
