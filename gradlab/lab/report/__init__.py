"""The report: one HTML file that needs no network, from the Datasets of a race."""

from .findings import ReportError as ReportError
from .page import write_report as write_report
