// The face's part of each format, by DPF.
#include "DistrhoUIMain.cpp"
