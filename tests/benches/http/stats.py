"""Geometric means with a 95 % interval, for ratios that were formed pair by pair."""

import math
import statistics
from dataclasses import dataclass

# Student's t, two-sided 95 %, by degrees of freedom; the standard library has no quantile of it.
_T95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131]
_T95 += [2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042]


@dataclass(frozen=True)
class Ratio:
    mean: float
    low: float
    high: float
    pairs: int

    def __str__(self) -> str:
        if self.pairs < 2:
            return f"{self.mean:.2f} (one pair)"
        return f"{self.mean:.2f} ({self.low:.2f}-{self.high:.2f})"


def ratio(ours: list[float], theirs: list[float]) -> Ratio | None:
    """Of values taken in the same rounds, in the same order. Noise on a ratio is multiplicative, hence the logs."""
    logs = [math.log(a / b) for a, b in zip(ours, theirs, strict=True) if a > 0 and b > 0]
    if not logs:
        return None
    mean = statistics.fmean(logs)
    if len(logs) < 2:
        return Ratio(math.exp(mean), 0.0, math.inf, 1)
    freedom = len(logs) - 1
    t = _T95[freedom - 1] if freedom <= len(_T95) else 1.96 + 2.4 / freedom
    half = t * statistics.stdev(logs) / math.sqrt(len(logs))
    return Ratio(math.exp(mean), math.exp(mean - half), math.exp(mean + half), len(logs))
