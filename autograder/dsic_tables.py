"""What the source of DSIC prints in its tables 1, 2, 4 and 5, to stand beside our own numbers.

Columns: BLEU-1 to BLEU-4, METEOR, ROUGE-L, CIDEr and SPICE, all in percent, as printed.
"""

from __future__ import annotations

METRICS = ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "METEOR", "ROUGE-L", "CIDEr", "SPICE")

_PRINTED = {
    "senticap": """
        pooled CNN+LSTM 36.58 17.29 8.92 4.57 9.04 29.45 15.50 5.39
        pooled StyleNet 36.45 17.32 9.00 4.81 10.21 28.26 19.37 6.23
        pooled SF-LSTM 36.87 19.13 10.24 5.66 10.86 28.58 22.67 7.21
        pooled DSIC 43.07 25.40 15.66 9.52 13.94 34.18 42.21 11.39
        pooled D-Images 41.68 24.65 15.18 9.08 13.64 33.39 42.12 11.35
        pooled D-Captions 40.82 23.20 13.28 7.65 13.48 31.92 38.51 10.62
        pooled DSIC-concat 41.55 23.87 14.41 8.43 13.40 33.30 40.53 10.99
        pooled DSIC-attention 41.42 23.95 14.26 8.05 13.09 32.93 37.09 10.18
        positive CNN+LSTM 36.38 16.93 8.43 4.50 8.85 29.98 14.68 5.25
        positive StyleNet 37.48 18.57 9.37 5.11 10.50 29.11 19.12 6.35
        positive SF-LSTM 37.44 19.45 10.67 5.72 11.40 28.42 23.37 6.66
        positive DSIC 45.31 27.04 16.31 9.70 14.87 36.20 47.19 11.87
        positive D-Images 44.32 26.28 15.99 9.75 14.66 34.97 45.19 11.65
        positive D-Captions 41.07 23.15 12.67 7.04 13.55 31.89 39.11 10.31
        negative CNN+LSTM 36.78 17.65 9.42 4.64 9.22 28.92 16.32 5.53
        negative StyleNet 35.42 16.07 8.62 4.51 9.92 27.40 19.63 6.11
        negative SF-LSTM 36.30 18.81 9.82 5.59 10.32 28.74 21.97 7.77
        negative DSIC 40.84 23.77 15.01 9.35 13.00 32.17 37.23 10.90
        negative D-Images 39.05 23.03 14.38 8.42 12.62 31.81 39.04 11.05
        negative D-Captions 40.56 23.26 13.90 8.26 13.40 31.95 37.91 10.93
    """,
    "flickrstyle10k": """
        pooled CNN+LSTM 24.64 11.75 6.47 3.77 8.97 22.78 26.38 9.94
        pooled StyleNet 23.55 11.49 6.29 3.63 9.01 22.28 25.92 10.11
        pooled SF-LSTM 22.83 11.01 5.94 3.36 8.72 21.96 26.29 11.00
        pooled DSIC 28.79 16.03 9.17 5.34 11.38 27.51 35.09 13.54
        pooled D-Images 25.29 12.48 6.87 4.02 9.91 23.46 31.06 11.71
        pooled D-Captions 26.09 13.03 7.21 4.24 10.21 23.79 33.48 12.44
        pooled DSIC-concat 25.68 13.01 7.40 4.40 10.27 24.02 35.03 12.60
        pooled DSIC-attention 25.64 13.09 7.41 4.37 10.24 23.88 34.51 12.79
        romantic CNN+LSTM 24.50 11.74 6.52 3.85 8.90 22.86 26.40 9.58
        romantic StyleNet 23.56 11.79 6.52 3.78 9.12 22.53 28.27 10.86
        romantic SF-LSTM 25.37 12.19 6.64 3.90 9.20 23.38 29.28 11.14
        romantic DSIC 29.14 16.43 9.50 5.52 11.39 27.84 35.72 13.84
        romantic D-Images 26.07 12.92 7.25 4.41 10.12 23.84 32.86 11.62
        romantic D-Captions 26.82 13.40 7.56 4.55 10.41 24.33 35.00 12.45
        humorous CNN+LSTM 24.77 11.77 6.41 3.68 9.05 22.69 26.36 10.30
        humorous StyleNet 23.54 11.19 6.06 3.49 8.90 22.02 23.57 9.37
        humorous SF-LSTM 20.30 9.83 5.24 2.81 8.24 20.54 23.30 10.85
        humorous DSIC 28.45 15.62 8.84 5.17 11.37 27.19 34.46 13.24
        humorous D-Images 24.50 12.04 6.50 3.63 9.71 23.08 29.25 11.81
        humorous D-Captions 25.38 12.66 6.85 3.93 10.00 23.26 31.96 12.43
    """,
}

TABLE_3 = {  # disentangled space accuracy
    "D-Images": {"fact": 0.52, "style": 0.93, "whole": 0.94},
    "D-Captions": {"fact": 0.53, "style": 0.94, "whole": 0.98},
}

TABLE_4 = {  # ICSA in percent
    "senticap": {
        "CNN+LSTM": 50.56, "StyleNet": 83.40, "SF-LSTM": 82.22, "DSIC": 100.0,
        "D-Images": 100.0, "D-Captions": 99.37,
    },
    "flickrstyle10k": {
        "CNN+LSTM": 50.65, "StyleNet": 69.31, "SF-LSTM": 69.85, "DSIC": 96.13,
        "D-Images": 91.77, "D-Captions": 90.28,
    },
}  # fmt: skip


def printed(dataset: str) -> dict[tuple[str, str], dict[str, float]]:
    """Tables 1, 2 and 5: ("pooled" or a style, method) -> its numbers; {} for other data sets."""
    found = {}
    for line in _PRINTED.get(dataset, "").split("\n"):
        if line.strip():
            part, method, *numbers = line.split()
            found[part, method] = dict(zip(METRICS, map(float, numbers), strict=True))
    return found
