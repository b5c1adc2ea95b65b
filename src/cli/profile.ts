/** `causeway profile …`: what a sender's messages look like, learned from samples and compared with a channel. */
import { parseMessage } from '../hl7/parse.ts';
import { driftText } from '../status/drift-text.ts';
import { CHANNEL_OPTION, formatOf, messagesIn, namedChannel } from './channel-view.ts';
import { CONFIG_OPTION, type CliCommand, JSON_OPTION } from './command.ts';
import { UsageError } from './option-values.ts';
import { plural, shortList } from './wording.ts';

const learn: CliCommand = {
  name: 'learn',
  summary: 'Read sample messages of one sender and write a `profile:` for its channel, with what was seen as comments.',
  arguments: [{ syntax: '<path...>', text: 'Files and folders with HL7 v2 messages of one sender; - for stdin.' }],
  options: [CHANNEL_OPTION, CONFIG_OPTION, JSON_OPTION],
  examples: [
    ['profile learn samples/lab', 'YAML on stdout; put it into the file of the channel'],
    ['profile learn samples/lab > lab-profile.yaml', 'the same into a file'],
    ['profile learn samples/lab --json', 'the settings alone, for programs'],
  ],
  notes: [
    'Nothing of a patient is written: names of systems, types, codes, positions and how often. Read it all the same.',
    'The appliance compares its traffic with `learned` and tells in status, doctor and metrics what differs.',
    'It never refuses a message for that: `required` does.',
  ],
  async run(values, context) {
    const { terminal } = context;
    const [{ SampleFacts }, { profileFragment }, { suggestProfile }] = await Promise.all([
      import('../profiles/sample-facts.ts'),
      import('../profiles/fragment.ts'),
      import('../profiles/suggest.ts'),
    ]);
    const format = formatOf(await namedChannel(values, context));
    const facts = new SampleFacts();
    for await (const { bytes } of messagesIn(values.args, context)) {
      const parsed = parseMessage(bytes, format);
      if (parsed.ok) facts.add(parsed.message);
      else facts.addUnread(parsed.problem.code);
    }
    if (facts.messages === 0) {
      terminal.say(`No HL7 v2 message that can be read in ${shortList(values.args)}.`);
      return 1;
    }
    if (values.flag('json')) terminal.out(JSON.stringify(suggestProfile(facts)));
    else terminal.out(profileFragment(facts, shortList(values.args)).trimEnd());
    const unread = facts.unread.total === 0 ? '' : `, ${plural(facts.unread.total, 'message')} could not be read`;
    terminal.say(`Learned from ${plural(facts.messages, 'message')}${unread}.`);
    return 0;
  },
};

const compare: CliCommand = {
  name: 'compare',
  summary: 'Compare messages of files with what the profile of a channel learned.',
  arguments: [{ syntax: '<path...>', text: 'Files and folders with HL7 v2 messages; - for stdin.' }],
  options: [{ ...CHANNEL_OPTION, text: `${CHANNEL_OPTION.text} Required.` }, CONFIG_OPTION, JSON_OPTION],
  examples: [
    ['profile compare new-samples --channel lab', 'what differs; exit 1 when something does'],
    ['profile compare new-samples --channel lab --json', 'one JSON object per difference'],
  ],
  async run(values, context) {
    const { terminal } = context;
    const channel = await namedChannel(values, context);
    const learned = channel?.profile.learned;
    if (channel === null || learned === undefined) {
      const what = channel === null ? 'profile compare needs --channel.' : `Channel ${channel.id} has learned nothing.`;
      throw new UsageError(what, 'See `profile learn`: the channel needs `profile.learned`.');
    }
    const { DriftWatch } = await import('../profiles/drift.ts');
    const watch = new DriftWatch(learned, context.clock);
    let messages = 0;
    for await (const { bytes } of messagesIn(values.args, context)) {
      const parsed = parseMessage(bytes, channel.format);
      if (!parsed.ok) continue;
      messages += 1;
      watch.observe(parsed.message);
    }
    const findings = watch.findings();
    for (const finding of findings) terminal.out(values.flag('json') ? JSON.stringify(finding) : driftText(finding));
    const result = findings.length === 0 ? 'nothing differs' : `${plural(findings.length, 'difference')}`;
    terminal.say(`${plural(messages, 'message')}: ${result}.`);
    return findings.length === 0 && messages > 0 ? 0 : 1;
  },
};

/** Profiles of channels, made from samples. */
export const profileCommand: CliCommand = {
  name: 'profile',
  summary: 'Learn the profile of a sender from sample messages, or compare messages with it.',
  examples: [
    ['profile learn samples/lab', 'a profile for the channel, with what was seen'],
    ['profile compare new-samples --channel lab', 'what differs from it'],
  ],
  subcommands: [learn, compare],
};
