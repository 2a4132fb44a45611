"""The view Classify: borders, margins and support vectors of a classifier, and its scores."""
