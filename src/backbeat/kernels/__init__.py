"""The engine: C++ that runs programs, forward and backward, without PyTorch; see backbeat.h."""
