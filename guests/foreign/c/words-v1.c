// A component that has never heard of changeling.

#include "split.h"
