//! Histograms per operation, throughput, counts.
