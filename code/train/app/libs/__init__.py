"""The steps of train, one folder each: dataset → corpus → vectors → network → evaluation → release."""
