// The kits that come with the plugin.
#ifndef BACKBEAT_PLUGIN_FACTORY_H
#define BACKBEAT_PLUGIN_FACTORY_H

#include <string>
#include <vector>

namespace backbeat {

constexpr const char* STANDARD_KIT = "909";

// As `backbeat kit show` lists them.
std::vector<std::string> factory_names();

// What `backbeat export kit` writes of one of them; empty where there is none of that name.
std::string factory_kit(const std::string& name);

}  // namespace backbeat
#endif
