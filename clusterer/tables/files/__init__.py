"""From files to text: file signatures, decompression, encodings, pipes and folders."""
