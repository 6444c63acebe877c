#include "face_files.h"

#include <algorithm>
#include <cctype>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <system_error>

#include "face_process.h"
#include "json.h"
#include "kit.h"
#include "text.h"

namespace backbeat {
namespace {

namespace fs = std::filesystem;

constexpr const char* MATCH_SECONDS = "20";
constexpr std::uintmax_t MOST_BYTES = std::uintmax_t{32} << 20;  // of a document

std::string joined(const std::vector<std::string>& items) {
    std::string all = "[";
    for (const std::string& each : items) all += (all.size() > 1 ? "," : "") + each;
    return all + "]";
}

// A folder of our own, which goes when it is done.
class Folder {
   public:
    Folder() {
        std::random_device chance;
        path_ = fs::temp_directory_path() / ("backbeat-" + std::to_string(chance()) + std::to_string(chance()));
        if (!fs::create_directory(path_)) throw std::runtime_error(path_.string() + ": cannot be made");
    }
    ~Folder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    std::string of(const std::string& name) const { return (path_ / name).string(); }
    const fs::path& path() const { return path_; }

   private:
    fs::path path_;
};

std::string text_of(const fs::path& path) {
    std::error_code failed;
    const std::uintmax_t bytes = fs::file_size(path, failed);
    if (!failed && bytes > MOST_BYTES) throw std::runtime_error(path.filename().string() + ": too large for a kit");
    std::ifstream file(path, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (failed || file.bad() || text.empty()) throw std::runtime_error(path.filename().string() + ": cannot be read");
    return text;
}

enum class Kind { bundle, kit, patch, sound };

Kind kind_of(const fs::path& path) {
    std::string suffix = path.extension().string();
    std::transform(suffix.begin(), suffix.end(), suffix.begin(), [](unsigned char c) { return std::tolower(c); });
    if (suffix == ".json") {
        const std::string text = text_of(path);
        if (!written_field(text, "programs").empty()) return Kind::bundle;
        return written_field(text, "pads").empty() ? Kind::patch : Kind::kit;
    }
    for (const char* each : {".wav", ".flac", ".aif", ".aiff", ".ogg", ".mp3"})
        if (suffix == each) return Kind::sound;
    throw std::runtime_error(path.filename().string() +
                             ": must be a kit or a patch (.json), or a sound (.wav, .aiff, .flac, .ogg, .mp3)");
}

// As the command takes names of pads.
std::string pad_name(const fs::path& path) {
    std::string name = path.filename().string();
    name = name.substr(0, name.find('.'));
    for (char& each : name)
        if (!std::isalnum(static_cast<unsigned char>(each)) && each != '-') each = '_';
    return name.empty() ? "pad" : name;
}

fs::path only_patch(const fs::path& folder) {
    for (const fs::directory_entry& each : fs::directory_iterator(folder)) {
        const std::string name = each.path().filename().string();
        if (name.find(".patch.json") != std::string::npos) return each.path();
    }
    throw std::runtime_error("backbeat match: has written no patch");
}

}  // namespace

std::string with_pad(const std::string& kit, int place, const std::string& other) {
    std::vector<std::string> pads = written_items(kit, "pads"), programs = written_items(kit, "programs");
    const std::vector<std::string> their_pads = written_items(other, "pads");
    const std::vector<std::string> their_programs = written_items(other, "programs");
    if (place < 0 || static_cast<std::size_t>(place) >= pads.size() || their_pads.empty() || their_programs.empty())
        throw std::runtime_error("pad: there is none to be replaced");
    std::string& pad = pads[static_cast<std::size_t>(place)];
    const std::string number = written_field(pad, "program");
    // Its program goes with it where no other pad has it.
    const auto uses = std::count_if(pads.begin(), pads.end(), [&number](const std::string& each) {
        return written_field(each, "program") == number;
    });
    std::size_t program = programs.size();
    if (uses == 1) program = static_cast<std::size_t>(std::stoul(number));
    if (program == programs.size()) programs.emplace_back();
    programs.at(program) = their_programs[0];
    try {
        std::string made = with_field(their_pads[0], "program", std::to_string(program));
        for (const char* kept :
             {"note", "notes", "level_db", "pan", "choke_group", "note_off", "output", "layers", "round_robins"})
            made = with_field(made, kept, written_field(pad, kept));
        pad = made;
        return with_field(with_field(kit, "programs", joined(programs)), "pads", joined(pads));
    } catch (const Invalid& error) {
        throw std::runtime_error(error.message);
    }
}

void Opening::open(const std::string& path, const std::string& kit, int place, int note) {
    stop();
    is_stopped_ = false;
    is_busy_ = true;
    thread_ = std::thread([=] {
        Result made;
        const std::string name = fs::path(path).filename().string();
        try {
            made.kit = read(path, kit, place, note);
            Kit::read(made.kit);
            made.line = "Opened " + name;
        } catch (const std::exception& error) {
            made.kit.clear();
            made.line = name + ": " + error.what();
            if (std::string(error.what()).compare(0, name.size(), name) == 0) made.line = error.what();
        }
        const std::lock_guard<std::mutex> lock(mutex_);
        result_ = made;
        is_busy_ = false;
    });
}

std::optional<Opening::Result> Opening::result() {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::optional<Result> taken;
    taken.swap(result_);
    return taken;
}

void Opening::stop() {
    is_stopped_ = true;
    if (thread_.joinable()) thread_.join();
    result();
    is_busy_ = false;
}

std::string Opening::read(const std::string& path, const std::string& kit, int place, int note) {
    const Kind kind = kind_of(path);
    if (kind == Kind::bundle) return text_of(path);
    const std::string backbeat = on_path("backbeat");
    if (backbeat.empty())
        throw std::runtime_error(
            "backbeat is not on the PATH; it is needed for all but what `backbeat export kit` writes");
    const Folder folder;
    const std::string bundle = folder.of("bundle.json");
    if (kind == Kind::kit) {
        run_process({backbeat, "export", "kit", path, "--out", bundle}, is_stopped_);
        return text_of(bundle);
    }
    std::string patch = path;
    if (kind == Kind::sound) {
        run_process({backbeat, "match", path, "--out", folder.of("match"), "--seconds-budget", MATCH_SECONDS},
                    is_stopped_);
        patch = only_patch(folder.of("match")).string();
    }
    const std::string one = folder.of("one.json");
    const std::string pad = std::to_string(note) + ":" + pad_name(path) + "=" + patch;
    run_process({backbeat, "kit", "new", one, "--pad", pad}, is_stopped_);
    run_process({backbeat, "export", "kit", one, "--out", bundle}, is_stopped_);
    return with_pad(kit, place, text_of(bundle));
}

}  // namespace backbeat
