// The error codes of this room, SLU-2xxx: metadata, checks before and after loading, and contracts.
#pragma once

#include <array>

#include "observe/code.hpp"

namespace sluice::plugin::code {

// Metadata and catalog.
inline constexpr const char* metadata_unreadable = "SLU-2001";
inline constexpr const char* metadata_not_json = "SLU-2002";
inline constexpr const char* metadata_wrong = "SLU-2003";
inline constexpr const char* duplicate = "SLU-2004";
inline constexpr const char* reference_mismatch = "SLU-2005";
inline constexpr const char* unknown_component = "SLU-2006";
inline constexpr const char* folder_unreadable = "SLU-2007";
inline constexpr const char* unknown_kind = "SLU-2008";
inline constexpr const char* folder_is_plugin = "SLU-2009";
// Files, before any code runs.
inline constexpr const char* not_a_file = "SLU-2010";
inline constexpr const char* symlink = "SLU-2011";
inline constexpr const char* wrong_owner = "SLU-2012";
inline constexpr const char* writable_file = "SLU-2013";
inline constexpr const char* unsafe_folder = "SLU-2014";
inline constexpr const char* not_elf = "SLU-2015";
inline constexpr const char* wrong_machine = "SLU-2016";
inline constexpr const char* wrong_digest = "SLU-2017";
inline constexpr const char* not_pinned = "SLU-2018";
inline constexpr const char* bad_lock = "SLU-2019";
inline constexpr const char* newer_sdk = "SLU-2020";
inline constexpr const char* older_sdk = "SLU-2021";
inline constexpr const char* no_entry = "SLU-2022";
inline constexpr const char* no_library = "SLU-2023";
inline constexpr const char* changed = "SLU-2024";
// Loading and the handshake.
inline constexpr const char* load_failed = "SLU-2030";
inline constexpr const char* wrong_major = "SLU-2031";
inline constexpr const char* bad_entry = "SLU-2032";
inline constexpr const char* text_differs = "SLU-2033";
inline constexpr const char* components_differ = "SLU-2034";
inline constexpr const char* bad_table = "SLU-2035";
// Calls.
inline constexpr const char* plugin_failed = "SLU-2040";
inline constexpr const char* plugin_threw = "SLU-2041";
inline constexpr const char* transform_broke = "SLU-2042";
inline constexpr const char* page_broke = "SLU-2043";
inline constexpr const char* unknown_stream = "SLU-2044";
inline constexpr const char* host_failed = "SLU-2045";

inline constexpr auto table = std::to_array<observe::code_entry>({
    {metadata_unreadable, "a plugin.json can't be read",
     "give the host's user the right to read it, or put it back"},
    {metadata_not_json, "a plugin.json is not JSON", "mend the text at the place that the message names"},
    {metadata_wrong, "a plugin.json breaks a rule",
     "mend what stands at the JSON pointer that the message names"},
    {duplicate, "two plugins offer the same thing", "remove one of the two plugins that the message names"},
    {reference_mismatch, "a reference doesn't fit the key of its target",
     "name the target's key columns, in order"},
    {unknown_component, "no installed plugin offers this", "install the plugin, or mend the name"},
    {folder_unreadable, "a plugin folder can't be read",
     "mend `plugins` in the host file, or make the folder"},
    {unknown_kind, "a component is of a kind that this host doesn't know",
     "upgrade sluice to use that component"},
    {folder_is_plugin, "a searched folder is itself a plugin", "name the folder that holds it"},
    {not_a_file, "a plugin is not a regular file", "install the plugin again"},
    {symlink, "a plugin is a symbolic link", "put the file itself into the plugin's folder"},
    {wrong_owner, "a plugin belongs to another user", "chown it to root or to the user that runs sluice"},
    {writable_file, "others can change a plugin's file",
     "chmod go-w the file, and make sure that nobody has changed it"},
    {unsafe_folder, "others can change a plugin's folder",
     "chown it to root or the host's user, and chmod go-w it"},
    {not_elf, "a plugin is not a shared library",
     "install the plugin again; the file is damaged or another one"},
    {wrong_machine, "a plugin was built for another machine", "install the build for this machine"},
    {wrong_digest, "a plugin differs from the one that was pinned",
     "install the pinned build, or check it and pin it anew"},
    {not_pinned, "a plugin is not in the lock file", "check the plugin, then run `sluice plugins lock`"},
    {bad_lock, "the lock file can't be used", "mend it, or write it anew with `sluice plugins lock`"},
    {newer_sdk, "a plugin needs a newer sluice",
     "upgrade sluice on this host, or install an older build of the plugin"},
    {older_sdk, "a plugin is too old for this sluice",
     "ask its maker for a build against the SDK that the message names"},
    {no_entry, "a library doesn't have the entry of a plugin",
     "its maker has to build it with sluice_add_plugin()"},
    {no_library, "a plugin has no library where it needs one",
     "install the plugin complete; a domain without code must not say `transform`"},
    {changed, "a plugin changed while it was checked", "find out who writes to the folder; then start again"},
    {load_failed, "the system can't load a plugin", "install the library that the message names"},
    {wrong_major, "a plugin speaks another major version of the contract",
     "upgrade the side that the message names"},
    {bad_entry, "a plugin's description of itself is damaged",
     "its maker has to build it with the SDK's own tools"},
    {text_differs, "a plugin was built from another plugin.json",
     "install plugin.json and library of one build together"},
    {components_differ, "a plugin's code offers other components than it says",
     "install both files of one build together"},
    {bad_table, "a component lacks a function", "its maker has to build it with the SDK's own tools"},
    {plugin_failed, "a plugin reported a failure without a code of its own",
     "read the message; it is the plugin's"},
    {plugin_threw, "an exception left a plugin", "report it to the plugin's maker, with the message"},
    {transform_broke, "a transform broke its contract", "report it to the plugin's maker, with the message"},
    {page_broke, "a source gave a page that breaks the contract",
     "report it to the plugin's maker, with the message"},
    {unknown_stream, "a batch is of a stream that the domain doesn't have",
     "a defect of the host: report it"},
    {host_failed, "the host failed to serve a plugin",
     "read the message, and the lines before it in the log"},
});

}  // namespace sluice::plugin::code
