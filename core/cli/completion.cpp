#include "cli/completion.hpp"

#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace sluice::cli {

namespace {

struct word {
  std::string text, what;
};
struct place {                          // a command, by the words that lead to it: "runs list"
  std::vector<word> commands, options;  // options with their dashes
  std::map<std::string, std::vector<std::string>> any;  // what an option takes, where that is a short list
};
using places = std::map<std::string, place>;

// A check for one of a few words is shown in the name of what the option takes: "LEVEL:{debug,info,warn}".
std::vector<std::string> choices(const std::string& type) {
  std::vector<std::string> out;
  const std::size_t begin = type.find('{'), end = type.rfind('}');
  if (begin == std::string::npos || end == std::string::npos) return out;
  for (std::size_t at = begin + 1; at < end;) {
    const std::size_t comma = std::min(type.find(',', at), end);
    out.push_back(type.substr(at, comma - at));
    at = comma + 1;
  }
  return out;
}

void collect(const CLI::App& of, const std::string& path, places& all) {
  place& here = all[path];
  for (const CLI::Option* o : of.get_options()) {
    for (const std::string& name : o->get_lnames()) {
      here.options.push_back({"--" + name, o->get_description()});
      auto known = choices(o->get_type_name());
      if (!known.empty()) here.any["--" + name] = std::move(known);
    }
  }
  for (const CLI::App* c : of.get_subcommands([](const CLI::App*) { return true; })) {
    here.commands.push_back({c->get_name(), c->get_description()});
    collect(*c, path.empty() ? c->get_name() : path + " " + c->get_name(), all);
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& w : words) out += (out.empty() ? "" : " ") + w;
  return out;
}

// In single quotes, as all three shells read them.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("’") : std::string(1, c);
  return out + "'";
}

std::string known_paths(const places& all, const char* between) {
  std::string out;
  for (const auto& [path, what] : all) {
    if (!path.empty()) out += (out.empty() ? "\"" : std::string(between) + "\"") + path + "\"";
  }
  return out;
}

std::string values_cases(const places& all) {
  std::string out;
  for (const auto& [path, what] : all) {
    for (const auto& [option, values] : what.any)
      out += "    \"" + path + " " + option + "\") words=\"" + joined(values) + "\" ;;\n";
  }
  return out;
}

std::string for_bash(const places& all) {
  std::string out =
      "# sluice completion bash\n_sluice() {\n"
      "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\" path=\"\" words=\"\" "
      "w\n"
      "  for w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n    case \"${path:+$path }$w\" in\n      " +
      known_paths(all, "|") +
      ") path=\"${path:+$path }$w\" ;;\n    esac\n  done\n  case \"$path $before\" in\n" + values_cases(all) +
      "  esac\n  [[ -n $words ]] || case \"$path\" in\n";
  for (const auto& [path, what] : all) {
    std::string words;
    for (const auto* list : {&what.commands, &what.options})
      for (const word& w : *list) words += (words.empty() ? "" : " ") + w.text;
    out += "    \"" + path + "\") words=\"" + words + "\" ;;\n";
  }
  return out +
         "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
         "complete -o default -F _sluice sluice\n";
}

std::string for_zsh(const places& all) {
  std::string out =
      "#compdef sluice\n_sluice() {\n  local path_=\"\" words_=\"\" w\n  local -a found\n"
      "  for w in \"${(@)words[2,CURRENT-1]}\"; do\n    case \"${path_:+$path_ }$w\" in\n      " +
      known_paths(all, "|") +
      ") path_=\"${path_:+$path_ }$w\" ;;\n    esac\n  done\n  case \"$path_ ${words[CURRENT-1]}\" in\n";
  for (const auto& [path, what] : all) {
    for (const auto& [option, values] : what.any)
      out += "    \"" + path + " " + option + "\") compadd " + joined(values) + "; return ;;\n";
  }
  out += "  esac\n  case \"$path_\" in\n";
  for (const auto& [path, what] : all) {
    out += "    \"" + path + "\") found=(\n";
    for (const auto* list : {&what.commands, &what.options})
      for (const word& w : *list) out += "      " + quoted(w.text + ":" + w.what) + "\n";
    out += "    ) ;;\n";
  }
  return out +
         "  esac\n  _describe sluice found || _files\n}\n"
         "if [[ $funcstack[1] == _sluice ]]; then _sluice \"$@\"; else compdef _sluice sluice; fi\n";
}

std::string for_fish(const places& all) {
  std::string out =
      "# sluice completion fish\nfunction __sluice_at\n  set -l path\n"
      "  for w in (commandline -opc)[2..-1]\n    set -l longer (string trim \"$path $w\")\n"
      "    contains -- $longer " +
      known_paths(all, " ") + "; and set path $longer\n  end\n  test \"$path\" = \"$argv[1]\"\nend\n";
  for (const auto& [path, what] : all) {
    const std::string at = "complete -c sluice -n \"__sluice_at '" + path + "'\" ";
    for (const word& w : what.commands)
      out += at + "-f -a " + quoted(w.text) + " -d " + quoted(w.what) + "\n";
    for (const word& w : what.options) {
      const auto known = what.any.find(w.text);
      out += at + "-l " + w.text.substr(2) + " -d " + quoted(w.what) +
             (known == what.any.end() ? std::string() : " -x -a " + quoted(joined(known->second))) + "\n";
    }
  }
  return out;
}

}  // namespace

void add_completion(CLI::App& cli, common_options&, int& result) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* c = cli.add_subcommand("completion", "Print what a shell needs to complete commands and options");
  c->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  c->callback([&cli, shell, &result] {
    places all;
    collect(cli, {}, all);
    const std::string text = *shell == "bash"  ? for_bash(all)
                             : *shell == "zsh" ? for_zsh(all)
                                               : for_fish(all);
    std::fputs(text.c_str(), stdout);
    result = exit_code::good;
  });
}

}  // namespace sluice::cli
