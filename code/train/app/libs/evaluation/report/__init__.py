"""The evaluation as HTML pages and plots for people."""

from libs.evaluation.report.data_report import describe_data
from libs.evaluation.report.html_report import REPORT_PAGE, insert_history, write_html_reports

__all__ = ["REPORT_PAGE", "describe_data", "insert_history", "write_html_reports"]
