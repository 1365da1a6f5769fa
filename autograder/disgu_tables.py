"""What the source of Dis-GU prints in its tables 1 and 2, to stand beside our own numbers."""

from __future__ import annotations

SCORES = ("MIG", "DCI", "FactorVAE score", "β-VAE score")

# data set, method, then mean and deviation of each score, as printed
_TABLE_1 = """
    shapes3d β-VAE 0.40 0.12 0.61 0.11 0.87 0.07 0.93 0.03
    shapes3d FactorVAE 0.43 0.14 0.60 0.10 0.86 0.06 0.87 0.04
    shapes3d DIP-VAE 0.38 0.15 0.57 0.14 0.68 0.06 0.83 0.04
    shapes3d CF 0.30 0.16 0.51 0.08 0.95 0.02 0.98 0.06
    shapes3d GS 0.11 0.03 0.28 0.04 0.80 0.09 0.93 0.05
    shapes3d DS 0.36 0.07 0.51 0.07 0.93 0.02 0.97 0.02
    shapes3d LD 0.17 0.05 0.38 0.06 0.44 0.19 0.60 0.20
    shapes3d DisCo 0.15 0.00 0.52 0.00 0.85 0.00 0.86 0.00
    shapes3d Dis-GU 0.45 0.04 0.58 0.03 0.92 0.06 0.98 0.01
    mpi3d β-VAE 0.10 0.05 0.24 0.06 0.18 0.01 0.35 0.01
    mpi3d FactorVAE 0.11 0.02 0.26 0.05 0.16 0.02 0.34 0.02
    mpi3d DIP-VAE 0.13 0.06 0.25 0.08 0.22 0.04 0.32 0.10
    mpi3d CF 0.08 0.02 0.29 0.02 0.51 0.06 0.61 0.03
    mpi3d GS 0.12 0.07 0.23 0.03 0.47 0.03 0.59 0.06
    mpi3d DS 0.09 0.02 0.27 0.02 0.50 0.04 0.65 0.04
    mpi3d LD 0.11 0.05 0.18 0.04 0.22 0.01 0.27 0.07
    mpi3d DisCo 0.07 0.00 0.26 0.00 0.48 0.00 0.53 0.00
    mpi3d Dis-GU 0.13 0.09 0.30 0.00 0.51 0.00 0.55 0.04
    cars3d β-VAE 0.08 0.02 0.14 0.02 0.79 0.08 0.98 0.01
    cars3d FactorVAE 0.14 0.02 0.16 0.07 0.76 0.05 0.99 0.06
    cars3d DIP-VAE 0.15 0.10 0.22 0.03 0.71 0.06 0.74 0.05
    cars3d CF 0.07 0.04 0.24 0.03 0.81 0.04 0.93 0.04
    cars3d GS 0.14 0.05 0.21 0.06 0.82 0.02 0.96 0.02
    cars3d DS 0.12 0.06 0.23 0.03 0.74 0.04 0.98 0.03
    cars3d LD 0.11 0.07 0.22 0.08 0.72 0.06 0.95 0.07
    cars3d DisCo 0.06 0.00 0.19 0.00 0.88 0.00 1.00 0.00
    cars3d Dis-GU 0.16 0.07 0.27 0.00 0.89 0.01 0.98 0.03
"""

TABLE_2_COLUMNS = (
    "DCI", "completeness", "informativeness", "MIG", "FactorVAE score", "β-VAE score",
)  # fmt: skip
TABLE_2 = {  # threshold T on Shapes3D -> its numbers, in the order of the columns
    0.80: (0.28, 0.16, 0.39, 0.20, 0.87, 0.90),
    0.85: (0.31, 0.18, 0.37, 0.21, 0.89, 0.91),
    0.90: (0.33, 0.23, 0.35, 0.22, 0.91, 0.93),
    0.95: (0.54, 0.42, 0.40, 0.51, 0.93, 0.95),
    0.98: (0.51, 0.41, 0.42, 0.49, 0.92, 0.93),
}

NEGATIVES = (8, 16, 32, 64, 128)  # K in Figure 15, which prints no numbers
DIRECTIONS = (8, 16, 32, 64, 128, 256)  # D in Figure 16


def printed(dataset: str) -> dict[str, dict[str, tuple[float, float]]]:
    """Table 1: method -> score -> mean and deviation; {} for other data sets."""
    found = {}
    for line in _TABLE_1.strip().split("\n"):
        name, method, *numbers = line.split()
        if name == dataset:
            pairs = zip(map(float, numbers[::2]), map(float, numbers[1::2]), strict=True)
            found[method] = dict(zip(SCORES, pairs, strict=True))
    return found
