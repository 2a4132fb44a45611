"""Online support vector machines: Pegasos, linear and with a kernel."""

from clusterer.svm.kernel_pegasos import KernelPegasosClassifier
from clusterer.svm.pegasos import PegasosClassifier

__all__ = ["KernelPegasosClassifier", "PegasosClassifier"]
