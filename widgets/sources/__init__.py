"""Where the points come from: generators, tables, folders, paintings."""
