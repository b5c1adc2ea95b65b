import type { RetentionSettings } from './settings.ts';

/**
 * Whole days of store time for which what ended is kept: not shorter than the longest duplicate window, so that a
 * repetition always finds the reply that it needs.
 */
export const keptDays = ({ keepDays }: RetentionSettings, windowDays: number): number => Math.max(keepDays, windowDays);
