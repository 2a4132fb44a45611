"""Speed of our clusterer and of other packages' clusterers in one run."""
