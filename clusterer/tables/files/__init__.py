"""Files of tables: byte streams, compression, encodings, folders."""
