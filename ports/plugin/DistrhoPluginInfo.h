// What DPF is to know of the plugin before there is one.
#ifndef DISTRHO_PLUGIN_INFO_H_INCLUDED
#define DISTRHO_PLUGIN_INFO_H_INCLUDED

#define DISTRHO_PLUGIN_BRAND "backbeat"
#define DISTRHO_PLUGIN_NAME "backbeat"
#define DISTRHO_PLUGIN_URI "urn:backbeat:drum-machine"
#define DISTRHO_PLUGIN_CLAP_ID "backbeat.drum-machine"
#define DISTRHO_PLUGIN_LV2_STATE_PREFIX "urn:backbeat:"

#define DISTRHO_PLUGIN_NUM_INPUTS 0
#define DISTRHO_PLUGIN_NUM_OUTPUTS 34  // backbeat::CHANNELS
#define DISTRHO_PLUGIN_IS_SYNTH 1
#define DISTRHO_PLUGIN_IS_RT_SAFE 1
#define DISTRHO_PLUGIN_WANT_STATE 1
#define DISTRHO_PLUGIN_WANT_FULL_STATE 1
#define DISTRHO_PLUGIN_WANT_PROGRAMS 0  // a host that restored one would undo the kit of its project

#define DISTRHO_PLUGIN_LV2_CATEGORY "lv2:InstrumentPlugin"
#define DISTRHO_PLUGIN_VST3_CATEGORIES "Instrument|Drum"
#define DISTRHO_PLUGIN_CLAP_FEATURES "instrument", "drum-machine", "drum", "synthesizer", "stereo"

#ifdef BACKBEAT_FACE
#define DISTRHO_PLUGIN_HAS_UI 1
#define DISTRHO_PLUGIN_HAS_EMBED_UI 1
#define DISTRHO_PLUGIN_WANT_DIRECT_ACCESS 1  // the face reads the machine: what is struck, pads, waves
#define DISTRHO_UI_USE_NANOVG 1
#define DISTRHO_UI_FILE_BROWSER 1
#define DISTRHO_UI_USER_RESIZABLE 1
#define DISTRHO_UI_DEFAULT_WIDTH 960   // backbeat::WIDTH
#define DISTRHO_UI_DEFAULT_HEIGHT 600  // backbeat::HEIGHT
#else
#define DISTRHO_PLUGIN_HAS_UI 0
#endif

#endif
