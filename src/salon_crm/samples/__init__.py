"""Invented customers: lists as other systems export them, and as many more as a trial needs."""
