#ifndef MAIN_VERSION_H
#define MAIN_VERSION_H

#define NIMBUS_VERSION "0.1.0"

#endif
