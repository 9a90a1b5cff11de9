"""Datasets, solvers, scorers, metrics, reports: how good the answers are. Nobody imports it."""
