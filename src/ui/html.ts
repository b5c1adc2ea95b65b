import htm from 'htm';
import { h, type VNode } from 'preact';

/** Markup without a compiler: tagged templates that make virtual nodes. Text is always text, never markup. */
export const html = htm.bind(h) as (strings: TemplateStringsArray, ...values: readonly unknown[]) => VNode;
