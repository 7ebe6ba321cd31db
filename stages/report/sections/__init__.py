"""The sections of the page, one folder each. This file imports them, which registers them."""

from stages.report.sections import backdoors as backdoors
from stages.report.sections import corpora as corpora
from stages.report.sections import exploratory as exploratory
from stages.report.sections import leakage as leakage
from stages.report.sections import membership as membership
