"""Reports: tables, plots, films and one HTML page from the runs of trackers on a data set."""

from __future__ import annotations

from siamcorr.evaluation.report.films import ResponseSource, make_film, worst_sequences
from siamcorr.evaluation.report.got10k import build_got10k_report
from siamcorr.evaluation.report.json_file import report_json, report_record
from siamcorr.evaluation.report.markdown import report_markdown
from siamcorr.evaluation.report.model import METRICS, Comparison, Metric, Report, TrackerReport
from siamcorr.evaluation.report.ope import build_ope_report
from siamcorr.evaluation.report.page import report_page
from siamcorr.evaluation.report.speed import speed_record
from siamcorr.evaluation.report.tables import Table, comparison_rows, sequence_rows, summary_rows
from siamcorr.evaluation.report.vot import build_vot_report
from siamcorr.evaluation.report.write import ReportFiles, write_report

__all__ = [
    "METRICS",
    "Comparison",
    "Metric",
    "Report",
    "ReportFiles",
    "ResponseSource",
    "Table",
    "TrackerReport",
    "build_got10k_report",
    "build_ope_report",
    "build_vot_report",
    "comparison_rows",
    "make_film",
    "report_json",
    "report_markdown",
    "report_page",
    "report_record",
    "sequence_rows",
    "speed_record",
    "summary_rows",
    "worst_sequences",
    "write_report",
]
