"""Clusters from prototypes: which prototypes belong to one cluster, and which are noise.

The prototypes stand for a density. A cluster is a peak of this density that stands out.
`label_prototypes` in `labels` runs the stages below in this order; each stage is one file.

===== ================== =============================== ======================================
Stage File               Decides                         Source
===== ================== =============================== ======================================
0     value_steps        the variance of whole numbers   Sheppard, 1898
      directions         the directions to look at, with Pearson, 1901
                         more than three features
1     density_estimate   the density at each prototype   adaptive kernel density estimate
2     saddles            which prototypes are neighbours Gabriel and Sokal, 1969
                         and how far the density falls
                         between two neighbours
3     flooding           in which order peaks merge as   Chazal et al., 2013 (ToMATo)
                         the level falls: a merge tree
4     peaks              the prominence from which a     Chazal et al., 2013 (ToMATo)
                         peak is a cluster of its own
5     noise              which prototypes are background Otsu, 1979
6     survival           which clusters found earlier    Spiliopoulou et al., 2006 (MONIC);
                         are still two clusters          Schwarz, 1978 (BIC)
7     splitting          which clusters are two normal   Fisher, 1936
                         distributions
8     significance       whether there are several       Müller and Sawitzki, 1991
                         groups at all
9     labels             the number of each cluster
===== ================== =============================== ======================================

Stages 6 to 8 share `gaussian_mixture` (EM algorithm; Dempster, Laird and Rubin, 1977).
`dendrogram` repeats stages 1 to 4 for the view of the merge tree.

How are two clusters told apart? By `peaks.choose_threshold`, which compares the prominences that
`flooding.flood` measures. Stages 6 and 7 then look for clusters that this threshold left joined.
With an automatic number of prototypes, `clusterer.cluster.labelling.resolutions` runs all stages
at several resolutions.
"""
