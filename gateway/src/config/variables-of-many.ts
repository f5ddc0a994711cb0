/** The variable that tells a process of many which one it is, from 0. */
export const PLACE_VARIABLE = "PLACE_AMONG_HOLDFAST";
/** The variable that tells it how many they are: the configuration file that it reads may say something else by now. */
export const COUNT_VARIABLE = "COUNT_OF_HOLDFAST";
/** The variable that tells it where the embedded database is whose address it has: its disk is watched, and its bounds hold. */
export const FOLDER_VARIABLE = "DATABASE_FOLDER_OF_HOLDFAST";
