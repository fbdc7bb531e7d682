"""Landscapes: functions of two parameters, whose paths can be drawn."""
