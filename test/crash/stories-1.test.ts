import t from 'tap'
import { playShard } from './shard.ts'

playShard(t, 0)
