"""How long a newcomer waits: compilation, import, the first labels, labels at any K."""
