"""The online agglomerative clusterer: learning, reading clusters, saving."""
