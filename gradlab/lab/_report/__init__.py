"""The report: the results of a study as one HTML file that needs no network, or as picture files.

Here results become words, tables, numbers for the charts and templates. What results say is computed in `analysis`.
"""

from .page import write_report as write_report
from .problem_findings import ReportError as ReportError
