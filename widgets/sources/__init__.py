"""Where the points come from: generators, tables, folders, paintings and data from Python."""
