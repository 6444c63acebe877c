"""DrumSynth files made by hand."""

HEADER = "[General]\nVersion=DrumSynth v2.0\n"
KICK = "[Tone]\nOn=1\nLevel=160\nF1=400\nF2=50\nDroop=55\nPhase=0\nEnvelope=0,100 2000,60 9000,15 16000,0\n"
HISS = "[Noise]\nOn=1\nLevel=120\nSlope=20\nEnvelope=0,100 1200,30 5000,0\n"
WHOLE = """[General]
Version=DrumSynth v2.0
Comment=made by hand
Tuning=-1.50
Stretch=120.0
Level=-3
Filter=1
HighPass=1
Resonance=40
FilterEnv=0,100 3000,40 442000,40

[Tone]
On=1
Level=150
F1=300
F2=60
Droop=40
Phase=90
Envelope=0,80 1500,100 9000,0

[Noise]
On=1
Level=60
Slope=-35
Envelope=0,100 4000,0

[Overtones]
On=1
Level=90
F1=440
Wave1=3
Track1=1
F2=661
Wave2=4
Track2=0
Filter=1
Method=1
Param=25
Envelope1=0,100 5000,0
Envelope2=0,50 2500,0

[NoiseBand]
On=1
Level=100
F=1800
dF=30
Envelope=0,100 3000,0

[NoiseBand2]
On=1
Level=80
F=4200
dF=70
Envelope=0,0 600,100 3000,0

[Distortion]
On=1
Clipping=12
Bits=2
Rate=3
"""
