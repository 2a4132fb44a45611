"""Online support vector machines: Pegasos, linear and with a kernel."""

from clusterer.svm.pegasos import PegasosClassifier

__all__ = ["PegasosClassifier"]
