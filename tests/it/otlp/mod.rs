//! Payloads of OpenTelemetry: a real Prometheus is sent the same, and what it stores is what is read here.

mod endpoint;
mod exporter;
mod golden;
mod ours;
mod random;
mod requests;
mod shapes;
