// The text of a kit, before and beside the reading of its JSON.
#pragma once

#include <string>
#include <vector>

namespace backbeat {

// Refuse a text that would take much memory or time to read, or is not UTF-8. Throws `Invalid`.
void check_text(const std::string& text);

// The items of a list in the outermost object, as they are written. The text is JSON, as `Json::read` has found.
std::vector<std::string> written_items(const std::string& text, const std::string& name);

// The value of a field of the outermost object, as it is written; empty where there is none.
std::string written_field(const std::string& text, const std::string& name);

// The same text with another value there. Throws `Invalid` where there is no such field.
std::string with_field(const std::string& text, const std::string& name, const std::string& value);

}  // namespace backbeat
