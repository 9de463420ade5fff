# The instruction sets that the kernels are compiled for: the one table. The compiler flags of a row and the features
# that the processor must have stand side by side, so that neither can be widened without the other; the header that the
# dispatcher reads is generated from it. Best first. Columns:
#   name | processor family | flags of GCC and Clang | flags of MSVC | required CpuFeature names (cpp/runtime/cpu.hpp)
# BMI and LZCNT are required because /arch:AVX2 means them too.
set(FASTGD_ISA_TABLE
    "avx512  | x86_64  | -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mf16c -mprefer-vector-width=512 | /arch:AVX512 | sse3 ssse3 sse4_1 sse4_2 popcnt avx f16c fma lzcnt bmi1 bmi2 avx2 avx512f avx512dq avx512bw avx512vl"
    "avx2    | x86_64  | -mavx2 -mfma -mf16c | /arch:AVX2 | sse3 ssse3 sse4_1 sse4_2 popcnt avx f16c fma lzcnt bmi1 bmi2 avx2"
    "neon    | aarch64 | | | none"
    "generic | any     | | | none"
)

# Flags of every unit. Nothing here may change a result: no contraction of a * b + c, nothing of -ffast-math's family.
# Square roots are instructions: nobody asks for errno.
set(FASTGD_ISA_COMMON_FLAGS_GNU -O3 -ffp-contract=off -fno-math-errno -Wno-psabi)
set(FASTGD_ISA_COMMON_FLAGS_MSVC /fp:precise)

set(FASTGD_ISAS "" CACHE STRING "Instruction sets to build (names of cmake/isa.cmake); empty: all of this processor family")

include(CheckCXXSourceCompiles)

function(_fastgd_processor_family out)
    set(processor "${CMAKE_SYSTEM_PROCESSOR}")
    if(CMAKE_CXX_COMPILER_ARCHITECTURE_ID)
        set(processor "${CMAKE_CXX_COMPILER_ARCHITECTURE_ID}")
    endif()
    list(LENGTH CMAKE_OSX_ARCHITECTURES n_architectures)
    if(n_architectures GREATER 1)
        message(FATAL_ERROR "CMAKE_OSX_ARCHITECTURES=${CMAKE_OSX_ARCHITECTURES}: build one architecture at a time")
    elseif(n_architectures EQUAL 1)
        set(processor "${CMAKE_OSX_ARCHITECTURES}")
    endif()
    string(TOLOWER "${processor}" processor)
    if(NOT CMAKE_SIZEOF_VOID_P EQUAL 8)
        set(${out} "other" PARENT_SCOPE)
    elseif(processor MATCHES "^(x86_64|amd64|x64)$")
        set(${out} "x86_64" PARENT_SCOPE)
    elseif(processor MATCHES "^(aarch64|arm64)$")
        set(${out} "aarch64" PARENT_SCOPE)
    else()
        set(${out} "other" PARENT_SCOPE)
    endif()
endfunction()

# Compiles `target` for the instruction set `name`, one of those that fastgd_add_isa_units has found usable.
function(fastgd_use_isa target name)
    get_property(flags GLOBAL PROPERTY FASTGD_FLAGS_${name})
    separate_arguments(flags)
    string(TOUPPER "${name}" upper)
    get_filename_component(source_dir "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../cpp" ABSOLUTE)
    target_include_directories(${target} PRIVATE "${source_dir}" "${source_dir}/include")
    target_compile_definitions(${target} PRIVATE "FASTGD_ISA_${upper}" "FASTGD_ISA=${name}")
    target_compile_features(${target} PRIVATE cxx_std_20)
    if(MSVC)
        target_compile_options(${target} PRIVATE ${FASTGD_ISA_COMMON_FLAGS_MSVC} ${flags})
    else()
        target_compile_options(${target} PRIVATE ${FASTGD_ISA_COMMON_FLAGS_GNU} ${flags})
    endif()
    if(FASTGD_SANITIZE OR FASTGD_COVERAGE)
        # Instrumented, a unit takes GCC many minutes at -O3 -g. -g1 keeps the lines of a report, not the variables.
        # SHELL: keeps it behind -O3, where CMake would drop what the folder's options have.
        target_compile_options(${target} PRIVATE "SHELL:-O1 -g1")
    endif()
    if(FASTGD_SANITIZE MATCHES "address" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # Where vectors live in memory, watching the stack takes more time than all the rest, and its arrays are of fixed
        # lengths, which UndefinedBehaviorSanitizer knows.
        target_compile_options(${target} PRIVATE --param=asan-stack=0)
    endif()
    # Merging units, at compile or at link time, would let one instruction set into another's code.
    set_target_properties(
        ${target}
        PROPERTIES POSITION_INDEPENDENT_CODE ON
                   CXX_EXTENSIONS OFF
                   CXX_VISIBILITY_PRESET hidden
                   VISIBILITY_INLINES_HIDDEN ON
                   INTERPROCEDURAL_OPTIMIZATION OFF
                   UNITY_BUILD OFF
    )
endfunction()

# Compiles cpp/kernels/unit.cpp once for each instruction set that the target's processor family has and the compiler
# knows, adds the objects to `target`, and puts the generated isa_table.hpp on its include path.
function(fastgd_add_isa_units target)
    get_filename_component(source_dir "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../cpp" ABSOLUTE)
    set(header_dir "${CMAKE_CURRENT_BINARY_DIR}/fastgd_generated")
    _fastgd_processor_family(family)

    set(known "")
    set(built "")
    set(declarations "")
    set(rows "")
    foreach(row IN LISTS FASTGD_ISA_TABLE)
        string(REPLACE "|" ";" columns "${row}")
        list(GET columns 0 name)
        list(GET columns 1 row_family)
        list(GET columns 2 flags)
        list(GET columns 3 msvc_flags)
        list(GET columns 4 features)
        foreach(column name row_family flags msvc_flags features)
            string(STRIP "${${column}}" ${column})
        endforeach()
        list(APPEND known "${name}")
        if(MSVC)
            set(flags "${msvc_flags}")
        endif()

        if(NOT row_family STREQUAL "any" AND NOT row_family STREQUAL family)
            continue()
        endif()
        if(FASTGD_ISAS AND NOT name IN_LIST FASTGD_ISAS)
            continue()
        endif()
        string(TOUPPER "${name}" upper)
        if(flags)
            set(CMAKE_REQUIRED_FLAGS "${flags}")
            check_cxx_source_compiles("int main() { return 0; }" FASTGD_COMPILES_${upper})
            unset(CMAKE_REQUIRED_FLAGS)
            if(NOT FASTGD_COMPILES_${upper})
                message(WARNING "the compiler does not know '${flags}': no kernels for ${name}")
                continue()
            endif()
        endif()

        set_property(GLOBAL PROPERTY FASTGD_FLAGS_${name} "${flags}")
        set(unit "${target}_${name}")
        add_library(${unit} OBJECT "${source_dir}/kernels/unit.cpp")
        fastgd_use_isa(${unit} ${name})
        if(name STREQUAL "generic" AND family STREQUAL "x86_64" AND NOT MSVC AND NOT FASTGD_SANITIZE AND NOT FASTGD_COVERAGE)
            # There it waits for calls of fma(): larger code would be no faster.
            target_compile_options(${unit} PRIVATE -O2)
        endif()
        target_sources(${target} PRIVATE $<TARGET_OBJECTS:${unit}>)

        list(APPEND built "${name}")
        string(REPLACE " " " | CpuFeature::" required "CpuFeature::${features}")
        string(APPEND declarations "const KernelTable& kernel_table_${name}();\n")
        string(APPEND rows "    {\"${name}\", ${required}, &kernel_table_${name}},\n")
    endforeach()

    foreach(name IN LISTS FASTGD_ISAS)
        if(NOT name IN_LIST built)
            message(FATAL_ERROR "FASTGD_ISAS: '${name}' cannot be built for ${family}; the table has ${known}")
        endif()
    endforeach()
    set_property(GLOBAL PROPERTY FASTGD_BUILT_ISAS "${built}")
    string(REPLACE ";" "\", \"" known "${known}")

    file(CONFIGURE OUTPUT "${header_dir}/isa_table.hpp" @ONLY CONTENT
"// Generated from cmake/isa.cmake.
#pragma once

#include <string_view>

#include \"runtime/dispatch.hpp\"

namespace fastgd {

@declarations@
// Every name of the table, also those of other processors.
inline constexpr std::string_view kKnownIsas[] = {\"@known@\"};

// The units of this build, best first.
inline constexpr Isa kIsaTable[] = {
@rows@};

}  // namespace fastgd
")
    target_include_directories(${target} PRIVATE "${header_dir}")
    list(JOIN built " " built)
    message(STATUS "fastgd kernels for ${family}: ${built}")
endfunction()
